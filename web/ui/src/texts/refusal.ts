// Says a refusal in words for the person at the screen: by its code, else by its status, else as the server put it.
import type { VisitView } from "../generated/wire";
import { whoOf } from "../protocol/board";
import { Refusal } from "../protocol/rest";
import { byCode, t } from ".";

export function refusalText(error: unknown): string {
  if (!(error instanceof Refusal)) return t.statuses[500];
  const text = byCode(t.refusals, error.code) ?? byCode(t.statuses, error.status) ?? error.message;
  // What was unforeseen is logged under a number, which is all that the server tells of it.
  const incident = error.code === "internal" ? /\b[0-9a-f]{16}\b/.exec(error.message)?.[0] : undefined;
  return incident ? `${text} ${t.incident(incident)}` : text;
}

/** As `refusalText`, but when somebody else got there first, who that was and what came of it. */
export function visitRefusalText(error: unknown, visit: VisitView | undefined): string {
  if (!(error instanceof Refusal) || !visit) return refusalText(error);
  if (error.code === "taken_over" && visit.practitioner_name !== null)
    return t.takenOver(whoOf(visit), visit.practitioner_name);
  if (error.code !== "wrong_state") return refusalText(error);
  return t.wrongState[visit.state](whoOf(visit), visit.practitioner_name ?? t.wrongState.someone);
}
