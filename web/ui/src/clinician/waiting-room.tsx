// The waiting room on one screen: the three sections at the left, the room and its patients at the right.
import type { StaffSession } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { TopBar } from "../parts/header";
import { sections } from "../protocol/board";
import { da } from "../texts/da";
import { refusalText, visitRefusalText } from "../texts/refusal";
import { type Desk, PopupBlocked } from "./desk";
import { AddPatient, PatientList } from "./patients";
import { Room } from "./room";
import { EndedVisit, OngoingVisit, QueuedVisit, Section } from "./visits";

export function WaitingRoom({ desk, session }: { desk: Desk; session: StaffSession }) {
  const command = useCommand();
  const board = desk.board.value;
  const by = board ? sections(board.visits) : null;
  const refused = desk.visitRefusal.value;

  return (
    <div class="desk">
      <TopBar
        place={session.clinic?.name ?? ""}
        who={session.practitioner ? da.desk.practitioner(session.practitioner.name) : ""}
      >
        <nav aria-label={da.desk.menu}>
          <a href="/" aria-current="page" onClick={(event) => event.preventDefault()}>
            {da.desk.waitingRoom}
          </a>
        </nav>
        <Button
          look="tertiary"
          small
          busy={command.busy.value === "leave"}
          onClick={() => command.run("leave", () => desk.leaveClinic())}
        >
          {da.desk.switchClinic}
        </Button>
        <Button
          look="tertiary"
          small
          busy={command.busy.value === "log_out"}
          onClick={() => command.run("log_out", () => desk.logOut())}
        >
          {da.common.logOut}
        </Button>
      </TopBar>
      {desk.connection.value === "lost" && <Alert kind="warning">{da.connection.lost}</Alert>}
      {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
      {board === null || by === null ? (
        <main class="desk-wait">
          <h1 class="sr-only">{da.desk.waitingRoom}</h1>
          <div class="spinner" role="status" aria-label={da.common.loading} />
        </main>
      ) : (
        <main class="desk-main">
          <h1 class="sr-only">{da.desk.waitingRoom}</h1>
          <div class="desk-visits">
            {refused && (
              <Alert kind="error" onClose={() => (desk.visitRefusal.value = null)}>
                {refused.error instanceof PopupBlocked
                  ? da.desk.popupBlocked
                  : visitRefusalText(
                      refused.error,
                      board.visits.find((visit) => visit.id === refused.visitId),
                    )}
              </Alert>
            )}
            <p class="sr-only" role="status">
              {da.desk.queueLength(by.queue.length)}
            </p>
            <Section
              title={da.desk.queue}
              count={by.queue.length}
              empty={board.room.state === "open" ? da.desk.queueEmpty : da.desk.queueEmptyClosed}
            >
              {by.queue.map((visit) => (
                <QueuedVisit key={visit.id} desk={desk} visit={visit} />
              ))}
            </Section>
            <Section title={da.desk.ongoing} count={by.ongoing.length} empty={da.desk.ongoingEmpty}>
              {by.ongoing.map((visit) => (
                <OngoingVisit key={visit.id} desk={desk} visit={visit} />
              ))}
            </Section>
            <Section title={da.desk.ended} count={by.ended.length} empty={da.desk.endedEmpty}>
              {by.ended.map((visit) => (
                <EndedVisit key={visit.id} visit={visit} />
              ))}
            </Section>
          </div>
          <div class="desk-room">
            <Room desk={desk} room={board.room} />
            <AddPatient desk={desk} />
            <PatientList desk={desk} />
          </div>
        </main>
      )}
    </div>
  );
}
