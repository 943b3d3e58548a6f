// The room itself: whether it is open, the two messages on the clinic's card, and the ways to open and close it.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { BoardMessage, ClinicView, RoomMessages, RoomView } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { ClinicFace } from "../parts/clinic-face";
import { useCommand } from "../parts/command";
import { Dialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { Icon } from "../parts/icon";
import { useNow } from "../parts/ticking";
import type { ClosingManner } from "../protocol/rest";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import { ClosingDialog } from "./closing";
import type { Desk } from "./desk";
import { SettingsDialog } from "./settings";

interface RoomProps {
  desk: Desk;
  board: BoardMessage;
  clinic: ClinicView;
}

export function Room({ desk, board, clinic }: RoomProps) {
  const id = useId();
  const { room } = board;
  const closing = useSignal<ClosingManner | null>(null);
  const previewing = useSignal(false);
  const setting = useSignal(false);
  const command = useCommand();
  // What is typed and not saved yet; null follows the room, so that a colleague's change shows.
  const draft = useSignal<RoomMessages | null>(null);
  const open = room.state === "open";
  const shown = draft.value ?? room;
  const changed = shown.open_message !== room.open_message || shown.closed_message !== room.closed_message;

  const edit = (change: Partial<RoomMessages>) => {
    draft.value = { open_message: shown.open_message, closed_message: shown.closed_message, ...change };
  };
  const save = async () => {
    if (draft.value !== null && changed) {
      await desk.setMessages(draft.value);
      desk.toasts.tell(t.room.saved);
    }
    draft.value = null;
  };
  // What stands on the screen is what the patients shall read: it is saved before the room opens.
  const openRoom = async () => {
    await save();
    await desk.openRoom();
  };

  return (
    <section class="panel room" aria-labelledby={id}>
      <div class="section-head">
        <h2 class="panel-title">
          <span id={id}>{t.room.title}</span>{" "}
          <span class={`badge ${open ? "badge-success" : "badge-warning"}`}>
            {open ? t.room.open : t.room.closed}
          </span>
        </h2>
        <Button look="tertiary" small onClick={() => (setting.value = true)}>
          <Icon name="settings" />
          {t.room.settings}
        </Button>
      </div>
      <Hours room={room} />
      <div class="buttons">
        {open ? (
          <>
            <Button small onClick={() => (closing.value = "keep_queue")}>
              {t.room.closeKeeping}
            </Button>
            <Button small onClick={() => (closing.value = "reject_all")}>
              {t.room.closeRejecting}
            </Button>
          </>
        ) : (
          <Button
            look="primary"
            small
            busy={command.busy.value === "open"}
            onClick={() => command.run("open", openRoom)}
          >
            {t.room.openRoom}
          </Button>
        )}
      </div>
      <div class="room-messages">
        <Field
          label={t.room.openMessage}
          rows={3}
          maxLength={1000}
          value={shown.open_message}
          onValue={(open_message) => edit({ open_message })}
        />
        <Field
          label={t.room.closedMessage}
          rows={3}
          maxLength={1000}
          value={shown.closed_message}
          onValue={(closed_message) => edit({ closed_message })}
        />
      </div>
      <div class="room-save">
        <Button look="tertiary" small onClick={() => (previewing.value = true)}>
          {t.room.preview}
        </Button>
        <Button
          small
          disabled={!changed}
          busy={command.busy.value === "save"}
          onClick={() => command.run("save", save)}
        >
          {t.room.save}
        </Button>
      </div>
      {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
      {closing.value !== null && (
        <ClosingDialog
          desk={desk}
          board={board}
          manner={closing.value}
          onClose={() => (closing.value = null)}
        />
      )}
      {previewing.value && (
        <CardPreview
          room={room}
          messages={shown}
          clinic={clinic}
          onClose={() => (previewing.value = false)}
        />
      )}
      {setting.value && (
        <SettingsDialog desk={desk} settings={room.settings} onClose={() => (setting.value = false)} />
      )}
    </section>
  );
}

/** When the room opens or closes next by itself. */
function Hours({ room }: { room: RoomView }) {
  const now = useNow(60_000);
  let text = t.room.byHand;
  if (room.opens_at_ms !== null) text = t.room.opensAgain(room.opens_at_ms, now.value);
  if (room.closes_at_ms !== null) text = t.room.closesAgain(room.closes_at_ms, now.value);
  return <p class="muted small room-hours">{text}</p>;
}

interface CardPreviewProps {
  room: RoomView;
  messages: RoomMessages;
  clinic: ClinicView;
  onClose: () => void;
}

function CardPreview({ room, messages, clinic, onClose }: CardPreviewProps) {
  return (
    <Dialog wide title={t.room.previewTitle} onClose={onClose}>
      <div class="card-previews">
        <div>
          <p class="muted">{t.room.whenOpen}</p>
          <ClinicFace {...clinic} open message={messages.open_message} opensAtMs={null} />
        </div>
        <div>
          <p class="muted">{t.room.whenClosed}</p>
          <ClinicFace
            {...clinic}
            open={false}
            message={messages.closed_message}
            opensAtMs={room.opens_at_ms}
          />
        </div>
      </div>
      <div class="buttons">
        {/* Else the dialog's first link would have the focus: a number to call. */}
        <Button autofocus onClick={onClose}>
          {t.common.close}
        </Button>
      </div>
    </Dialog>
  );
}
