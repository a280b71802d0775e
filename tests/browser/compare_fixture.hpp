/// Pages of comparisons for the browser tests, from seasons that follow from small formulas.
#pragma once

#include <filesystem>

/// Writes FOLDER/comparison, comparison-large and comparison-hostile. Ends the program when it cannot.
void write_comparisons(const std::filesystem::path& folder);
