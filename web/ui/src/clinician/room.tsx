// The room itself: whether it is open, the two messages on the clinic's card, and the ways to open and close it.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { RoomMessages, RoomView } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { Field } from "../parts/field";
import type { ClosingManner } from "../protocol/rest";
import { da } from "../texts/da";
import { refusalText } from "../texts/refusal";
import type { Desk } from "./desk";

export function Room({ desk, room }: { desk: Desk; room: RoomView }) {
  const id = useId();
  const command = useCommand();
  // What is typed and not saved yet; null follows the room, so that a colleague's change shows.
  const draft = useSignal<RoomMessages | null>(null);
  const saved = useSignal(false);
  const open = room.state === "open";
  const shown = draft.value ?? room;
  const changed = shown.open_message !== room.open_message || shown.closed_message !== room.closed_message;

  const edit = (change: Partial<RoomMessages>) => {
    saved.value = false;
    draft.value = { open_message: shown.open_message, closed_message: shown.closed_message, ...change };
  };
  const save = async () => {
    if (draft.value !== null && changed) await desk.setMessages(draft.value);
    draft.value = null;
  };
  // What stands on the screen is what the patients shall read: it is saved before the room opens.
  const openRoom = async () => {
    await save();
    await desk.openRoom();
  };
  const close = (manner: ClosingManner) => command.run(manner, () => desk.closeRoom(manner));

  return (
    <section class="panel room" aria-labelledby={id}>
      <h2 class="panel-title">
        <span id={id}>{da.room.title}</span>{" "}
        <span class={`badge ${open ? "badge-success" : "badge-warning"}`}>
          {open ? da.room.open : da.room.closed}
        </span>
      </h2>
      <div class="buttons">
        {open ? (
          <>
            <Button small busy={command.busy.value === "keep_queue"} onClick={() => close("keep_queue")}>
              {da.room.closeKeeping}
            </Button>
            <Button small busy={command.busy.value === "reject_all"} onClick={() => close("reject_all")}>
              {da.room.closeRejecting}
            </Button>
          </>
        ) : (
          <Button
            look="primary"
            small
            busy={command.busy.value === "open"}
            onClick={() => command.run("open", openRoom)}
          >
            {da.room.openRoom}
          </Button>
        )}
      </div>
      <div class="room-messages">
        <Field
          label={da.room.openMessage}
          rows={3}
          maxLength={1000}
          value={shown.open_message}
          onValue={(open_message) => edit({ open_message })}
        />
        <Field
          label={da.room.closedMessage}
          rows={3}
          maxLength={1000}
          value={shown.closed_message}
          onValue={(closed_message) => edit({ closed_message })}
        />
      </div>
      <div class="room-save">
        <span class="muted small">{saved.value && !changed ? da.room.saved : da.room.messagesHint}</span>
        <Button
          small
          disabled={!changed}
          busy={command.busy.value === "save"}
          onClick={async () => {
            saved.value = await command.run("save", save);
          }}
        >
          {da.room.save}
        </Button>
      </div>
      {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
    </section>
  );
}
