# Writes what `peakstorm document KIND` prints: cmake -DPROGRAM=peakstorm -DKIND=man -DOUT=peakstorm.1 -P document.cmake
execute_process(COMMAND ${PROGRAM} document ${KIND} OUTPUT_FILE ${OUT}.tmp RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} document ${KIND} ended with ${status}")
endif()
file(RENAME ${OUT}.tmp ${OUT})
