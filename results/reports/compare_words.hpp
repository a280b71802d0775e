/// The words of a comparison's page, one catalogue a language; the page (compare_page.cpp) has none of its own.
/// Patterns are fmt's: {0}, {1} and so on stand for what the page says in its comment there.
#pragma once

#include <array>
#include <span>

#include "results/comparison.hpp"
#include "results/league.hpp"

namespace peakstorm::reports {

struct CompareWords {
  const char* tag;   ///< BCP 47.
  const char* name;  ///< Of the language, in itself.
  char decimal;      ///< Between a number and its fraction.
  struct Yardstick {
    const char* name;
    const char* title;       ///< With its unit.
    const char* difference;  ///< Unit of a difference.
  };
  std::array<Yardstick, yardsticks> yardstick;
  std::array<const char*, blames> blame;

  const char* language;  ///< Label of the switch.
  const char* title;     ///< {0}: scenario.
  const char* head;      ///< {0}: scenario; {1}: policies; {2}: inputs.
  const char* undecided;
  const char* today_is_best;
  const char* is_best;  ///< {0}: policy.
  const char* leads;    ///< Likewise.
  const char* cut_short;

  /// The statement (Comparison::statement) in this language.
  struct Statement {
    const char* nothing_yet;
    const char* none_better;  ///< {0}: control; {1}: seasons; {2}: basis.
    const char* differs;      ///< {0}: policy; {1}: control; {2}: yardstick; {3}: difference; {4}: level; {5}, {6}: its
                              ///< interval; {7}: seasons; {8}: basis.
    const char* not_told_apart;
    const char* basis;            ///< {0}: policies; {1}: yardsticks; {2}: inputs.
    const char* sure_kn;          ///< {0}: level; {1}: policy; {2}: policies; {3}: yardstick; {4}: smallest difference.
    const char* sure_two_stage;   ///< Likewise, and {5}: procedure.
    const char* needs_seasons;    ///< {0}: smallest difference; {1}: seasons; {2}: the one reached.
    const char* still_undecided;  ///< {0}: policies left; {1}: of.
  };
  const Statement* statement;  ///< Null: as the program itself words it.

  std::array<const char*, 3> procedure;  ///< Two-stage, KN, screened.
  const char* selection;                 ///< {0}: yardstick; {1}: procedure; {2}: level; {3}: smallest difference.
  const char* seasons_needed;            ///< {0}.
  const char* common_numbers;            ///< {0}: median ratio; {1}, {2}: least and most.
  const char* searched;
  const char* points_run;      ///< {0} of {1}.
  const char* points_all_run;  ///< {0} of {1}: all that can run.
  const char* unfit;           ///< {0} more; {1}: why one of them cannot.
  const char* axis;            ///< {0}: name; {1} of {2} values from {3} to {4}.

  const char* differences_from;  ///< {0}: control.
  const char* paired;            ///< {0}: intervals; {1}: level.
  const char* table_has_all;
  const char* range;  ///< {0} to {1}.

  const char* against_cost;
  const char* against_cost_how;  ///< {0}: intervals.
  const char* dot;               ///< {0} %, ${1}, {2} days.
  const char* cost_axis;
  const char* all_policies;
  const char* policy;
  const char* seasons;
  const char* what_it_changes;
  const char* control;
  const char* selected;
  const char* left_out;
  const char* more_rows;  ///< {0}.
  const char* by_region;  ///< {0}: rows.

  const char* league;
  const char* league_how;  ///< {0}: control; {1}: intervals; {2}: level; {3}: least promises.
  const char* best;
  const char* worst;
  const char* most_improved;
  const char* kept_of;    ///< {0}: figure; {1}, {2}: its interval.
  const char* points_of;  ///< Likewise.
  const char* lost_to;    ///< {0}: blame.
  const char* in_region;  ///< {0}: service; {1}: region.
  const char* carriers;
  std::array<const char*, 5> league_heads;  ///< Carrier, region, promises, kept, second half less first.
  std::array<const char*, blames> lost_heads;
  const char* everywhere;
  const char* cuts;
  const char* cuts_how;  ///< {0}: intervals.
  const char* no_cut;
  const char* without;
  std::array<const char*, 3> cut_heads;  ///< Policy, region, difference.

  const char* reading;
  std::array<const char*, 5> reading_lines;  ///< The last: {0}, yardstick.
  const char* method;                        ///< {0}: version.
};

/// English first.
std::span<const CompareWords> compare_catalogues();

}  // namespace peakstorm::reports
