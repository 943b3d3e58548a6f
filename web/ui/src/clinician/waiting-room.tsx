// The waiting room on one screen: the three sections at the left, the room and its patients at the right.
import type { StaffSession } from "../generated/wire";
import { Alert } from "../parts/alert";
import { sections } from "../protocol/board";
import { t } from "../texts";
import { visitRefusalText } from "../texts/refusal";
import { type Desk, PopupBlocked } from "./desk";
import { EndedSection } from "./ended";
import { Frame } from "./frame";
import { AddPatient, PatientList } from "./patients";
import { QueueSection } from "./queue";
import { Room } from "./room";
import { ShortcutKeys } from "./shortcuts";
import { OngoingVisit, Section } from "./visits";

export function WaitingRoom({ desk, session }: { desk: Desk; session: StaffSession }) {
  const board = desk.board.value;
  const by = board ? sections(board.visits) : null;
  const refused = desk.visitRefusal.value;

  return (
    <Frame
      desk={desk}
      session={session}
      actions={
        by && (
          <ShortcutKeys
            desk={desk}
            queue={by.queue}
            onNext={(visit) => void desk.visit(visit, "accept").catch(() => {})}
          />
        )
      }
    >
      {board === null || by === null ? (
        <main class="desk-wait">
          <h1 class="sr-only">{t.desk.waitingRoom}</h1>
          <div class="spinner" role="status" aria-label={t.common.loading} />
        </main>
      ) : (
        <main class="desk-main">
          <h1 class="sr-only">{t.desk.waitingRoom}</h1>
          <div class="desk-visits">
            {desk.notice.value && (
              <Alert kind="warning" onClose={() => (desk.notice.value = null)}>
                {t.login.problems[desk.notice.value]}
              </Alert>
            )}
            {refused && (
              <Alert kind="error" onClose={() => (desk.visitRefusal.value = null)}>
                {refused.error instanceof PopupBlocked
                  ? t.desk.popupBlocked
                  : visitRefusalText(
                      refused.error,
                      board.visits.find((visit) => visit.id === refused.visitId),
                    )}
              </Alert>
            )}
            <p class="sr-only" role="status">
              {t.desk.queueLength(by.queue.length)}
            </p>
            <QueueSection desk={desk} queue={by.queue} open={board.room.state === "open"} />
            <div class="desk-through">
              <Section title={t.desk.ongoing} count={by.ongoing.length} empty={t.desk.ongoingEmpty}>
                {by.ongoing.map((visit) => (
                  <OngoingVisit key={visit.id} desk={desk} visit={visit} />
                ))}
              </Section>
              <EndedSection desk={desk} ended={by.ended} />
            </div>
          </div>
          <div class="desk-room">
            {session.clinic && <Room desk={desk} board={board} clinic={session.clinic} />}
            <AddPatient desk={desk} />
            <PatientList desk={desk} />
          </div>
        </main>
      )}
    </Frame>
  );
}
