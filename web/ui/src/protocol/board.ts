// What a clinic's screen shows, and how each live message changes it. Pure.
import type { BoardMessage, EventMessage, PresenceMessage, VisitView } from "../generated/wire";

export type LiveMessage = BoardMessage | EventMessage | PresenceMessage;

/** The board after `message`; null when an event is missing before it, and the board must be read again from where it is. */
export function afterMessage(board: BoardMessage | null, message: LiveMessage): BoardMessage | null {
  if (message.type === "board") return message;
  if (board === null) return null;
  if (message.type === "presence") {
    const { visit_id, connected, away_since_ms, devices } = message;
    const visits = board.visits.map((visit) =>
      visit.id === visit_id ? { ...visit, connected, away_since_ms, devices } : visit,
    );
    return { ...board, visits };
  }
  if (message.number <= board.last_event) return board;
  if (message.number !== board.last_event + 1) return null;
  return {
    ...board,
    last_event: message.number,
    room: message.room ?? board.room,
    visits: message.visit ? withVisit(board.visits, message.visit) : board.visits,
  };
}

/** What the clinic calls a patient: by name, and a child by the CPR number, which is all that staff see of one. */
export const whoOf = (patient: { name: string | null; cpr: string }) => patient.name ?? patient.cpr;

/** The visits with `visit` in place of what was there. */
export function withVisit(visits: VisitView[], visit: VisitView): VisitView[] {
  return [...visits.filter((other) => other.id !== visit.id), visit];
}

/** The three sections: what goes on by who came first, so that nobody's row moves for a newcomer; what is over by who left last. */
export function sections(visits: VisitView[]): Record<"queue" | "ongoing" | "ended", VisitView[]> {
  const by = (states: VisitView["state"][], time: (visit: VisitView) => number) =>
    visits.filter((visit) => states.includes(visit.state)).sort((a, b) => time(a) - time(b));
  return {
    queue: by(["waiting"], (visit) => visit.joined_at_ms),
    ongoing: by(["accepted", "in_call"], (visit) => visit.accepted_at_ms ?? 0),
    ended: by(["ended"], (visit) => -(visit.ended_at_ms ?? 0)),
  };
}
