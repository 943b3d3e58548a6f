// Before the room closes: exactly whom it concerns, as the queue stands at that moment.
import type { BoardMessage } from "../generated/wire";
import { ConfirmDialog } from "../parts/dialog";
import { sections, whoOf } from "../protocol/board";
import type { ClosingManner } from "../protocol/rest";
import { t } from "../texts";
import type { Desk } from "./desk";

interface ClosingProps {
  desk: Desk;
  board: BoardMessage;
  manner: ClosingManner;
  onClose: () => void;
}

export function ClosingDialog({ desk, board, manner, onClose }: ClosingProps) {
  const { queue, ongoing } = sections(board.visits);
  const texts = t.closing[manner];
  const confirm = manner === "reject_all" ? t.room.closeRejecting : t.room.closeKeeping;
  return (
    <ConfirmDialog
      title={texts.title}
      confirm={confirm}
      onConfirm={() =>
        desk.closeRoom(
          manner,
          queue.map((visit) => visit.id),
        )
      }
      onClose={onClose}
    >
      <p>{queue.length === 0 ? t.closing.nobody : texts.concerns(queue.length)}</p>
      <ul class="rows concerned no-max-width">
        {queue.map((visit) => (
          <li key={visit.id}>
            <span class="strong">{whoOf(visit)}</span>{" "}
            {visit.name !== null && <span class="cpr">{visit.cpr}</span>}
          </li>
        ))}
      </ul>
      {ongoing.length > 0 && <p class="muted">{t.closing.ongoing(ongoing.length)}</p>}
    </ConfirmDialog>
  );
}
