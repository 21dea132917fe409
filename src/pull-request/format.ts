/** Numbers with their units, as people read them. */

/** `4 min 16 s`, `22 s`, `1 h 5 min`; under a second `0.4 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1 file`, `2 files`. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${groupDigits(count)} ${count === 1 ? noun : many}`;
}

/** `26,400`. */
export function groupDigits(count: number): string {
  return count.toLocaleString('en-US');
}

/** First 7 characters of a hash, as prose shows it. */
export function shortHash(hash: string): string {
  return hash.replace(/^sha256:/, '').slice(0, 7);
}

/** `14:07:02 UTC`. */
export function formatTime(date: Date): string {
  return `${date.toISOString().slice(11, 19)} UTC`;
}
