/**
 * Tests of tasks and workflows without a host.
 *
 * @module @windlass/guest/testing
 */

/** The tasks that a workflow enqueues by name, by what they are called in JavaScript. */
export function tasks(functions: object): void;

/** The functions of another component, which are called by their type. */
export function imports(id: string, functions: object): void;

/** Sends a message, which `receive` takes. */
export function send(name: string, value: unknown): void;

/** What was published under this name. */
export function published(name: string): unknown;

/** What was logged. */
export function logged(): { level: string; message: string }[];

/** What was reported last. */
export function progressed(): { done: bigint; total: bigint; note: string } | undefined;

/** Forgets everything: for `beforeEach`. */
export function reset(): void;

/** A workflow began anew, with these arguments. */
export class ContinuedAsNew extends Error {
  readonly arguments: unknown;
}
