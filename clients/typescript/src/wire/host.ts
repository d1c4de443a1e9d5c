/** Hosts, refusals, pages. */

/** A live host. */
export interface Host {
  /** Its number; a host that was declared dead gets another. */
  number: number;
  /** Its name for people. */
  name: string;
  /** Where its API listens. */
  address: string;
  /** The Windlass version that it runs. */
  version: string;
  /** The queues that it serves; null means all of them. */
  queues: string[] | null;
  /** When it registered. */
  started_at: string;
  /** How many invocations it holds. */
  holds: number;
}

/** What answers: `GET /v1`. */
export interface Info {
  /** The Windlass version. */
  version: string;
  /** Where it stores: `sqlite` or `postgres`. */
  backend: string;
  /** The number of the host that answered. */
  host: number;
}

/** Why a request was refused, and what to do: an RFC 9457 problem. */
export interface ProblemDocument {
  /** The address of the page about this code. */
  type?: string;
  /** What this code means, the same for every such problem. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** What was refused, and why. */
  detail: string;
  /** By which programs tell problems apart; once published it stays. */
  code: string;
  /** What to do. */
  hint?: string;
  /** Every mistake with its place, where there are several or they have one. */
  errors?: Mistake[];
}

/** A mistake and its place. */
export interface Mistake {
  /** Where, such as `args[1].sizes[3]`. */
  place: string;
  /** What is wrong there, such as `expected u32, got -1`. */
  message: string;
}

/** One page of a list. */
export interface Page<T> {
  /** What is on the page. */
  items: T[];
  /** Give it as `page` to get what follows; null on the last page. */
  next: string | null;
}

/** Which page of a list. */
export interface PageQuery {
  /** At most so many items a page. */
  limit?: number;
  /** The `next` of the page before. */
  page?: string;
}
