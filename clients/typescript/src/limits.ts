/** How long something may take: the caller's signal and its time, as one signal. */

/** What every method takes last: how long the caller is willing to wait for it. */
export interface RequestOptions {
  /** Ends it early: it throws the signal's reason. What the host has stored by then stays stored. */
  signal?: AbortSignal;
  /** How long all of it may take, repetitions included; then it throws a `Timeout`. */
  timeoutMs?: number;
}

/** The longest time that timers know. */
const TIMER_MAX = 2 ** 31 - 1;

/** Does some work under a signal that ends it when the caller wants, or with `late()` when its time is up. */
export async function within<T>(
  options: RequestOptions,
  late: (timeoutMs: number) => unknown,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, timeoutMs } = options;
  signal?.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => controller.abort(late(timeoutMs)), Math.min(timeoutMs, TIMER_MAX));
  try {
    return await work(controller.signal);
  } catch (error) {
    // What was aborted says so in many ways; the reason is what the caller should hear.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/** Waits for so many milliseconds, or throws the reason of the signal. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal.addEventListener("abort", abort, { once: true });
  });
}
