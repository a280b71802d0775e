# Turns schema.sql into a C++ string: cmake -DIN=schema.sql -DOUT=schema.cpp -P embed.cmake
file(READ ${IN} text)
string(FIND "${text}" ")sql\"" clash)
if(NOT clash EQUAL -1)
  message(FATAL_ERROR "${IN} contains )sql\", which ends the raw string; reword it")
endif()
# A string literal must stay below 64 KiB for some compilers.
string(LENGTH "${text}" length)
if(length GREATER 60000)
  message(FATAL_ERROR "${IN} is longer than one string literal may be; split it")
endif()
file(WRITE ${OUT} "#include \"results/store/tables.hpp\"\n\nnamespace peakstorm::store {\nconst char* const schema_sql = R\"sql(${text})sql\";\n}  // namespace peakstorm::store\n")
