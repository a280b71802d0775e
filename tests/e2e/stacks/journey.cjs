// What a parcel's status is after its scans: the rule of any sound platform, whatever its words are. Both stacks use it.
'use strict';

// `role` says what a scan means: label, move, delay, estimate, delivered, retracted, returning, returned or lost.
// Returns the scan that the status is of; none when there is nothing to tell.
function statusOf(scans, role) {
  const history = [...scans].sort((a, b) => a.at - b.at);
  const withdrawn = new Set();
  history.forEach((scan, i) => {
    if (role(scan) !== 'retracted') return;
    for (let j = i - 1; j >= 0; --j) {
      if (role(history[j]) === 'delivered' && !withdrawn.has(j)) {
        withdrawn.add(j);
        return;
      }
    }
  });
  let status = null;
  history.forEach((scan, i) => {
    const news = role(scan);
    const before = status && role(status);
    if (withdrawn.has(i) || news === 'retracted' || news === 'estimate') return;
    // A delay is no milestone: it is told only as long as there is none.
    if (news === 'delay' && status) return;
    if (status && before !== 'delay') {
      const back = news === 'returning' || news === 'returned';
      if (news === 'label' || before === 'returned') return;
      if (before === 'delivered' && !back) return;
      if (before === 'returning' && !['delivered', 'returned', 'lost'].includes(news)) return;
    }
    status = scan;
  });
  return status;
}

// Instants must tell their zone; the time of a place that nobody knows is no time.
function instantOf(text) {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(text) ? Date.parse(text) : NaN;
}

module.exports = {statusOf, instantOf};
