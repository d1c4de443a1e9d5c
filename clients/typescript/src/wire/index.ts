/**
 * What goes over the wire: the type of every request and answer under `/v1`, spelled as the API
 * spells it. They hold what JSON can say and check nothing: names and limits are the host's to
 * refuse. Moments are RFC 3339 texts in UTC with microseconds.
 */

export type * from "./component.js";
export type * from "./host.js";
export type * from "./invocation.js";
export type * from "./queue.js";
export type * from "./schedule.js";
export type * from "./select.js";
export type * from "./workflow.js";
