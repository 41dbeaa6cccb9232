// Polls the server for changes: every few seconds, and at once after a decision.
const interval_ms = 3000;
let check = async () => {};
let running = null;
let timer = null;

export function startPolling(checkForChanges) {
  check = checkForChanges;
  return pollNow();
}

// Checks now and schedules the next check; never two at the same time.
export async function pollNow() {
  await running;
  clearTimeout(timer);
  running = check();
  await running;
  clearTimeout(timer);
  timer = setTimeout(pollNow, interval_ms);
}
