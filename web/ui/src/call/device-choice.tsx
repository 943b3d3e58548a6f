// Which camera, microphone and speaker to use: before the call and in the middle of it.
import { useId } from "preact/hooks";
import { Alert } from "../parts/alert";
import { useCommand } from "../parts/command";
import { t } from "../texts";
import type { Kind, Lost, OwnDevices } from "./own";

const KINDS: Kind[] = ["camera", "microphone", "speaker"];

export function DeviceChoice({ own }: { own: OwnDevices }) {
  const id = useId();
  const command = useCommand();
  return (
    <div class="device-choice">
      {KINDS.map((kind) => {
        const choices = own.choices.value[kind];
        // Firefox and Safari name no speakers: the computer's own setting rules there.
        if (choices.length === 0) return null;
        return (
          <div class="form-group" key={kind}>
            <label class="form-label" for={`${id}-${kind}`}>
              {t.devices.kinds[kind]}
            </label>
            <select
              id={`${id}-${kind}`}
              class="form-select"
              value={own.chosen.value[kind]}
              disabled={command.busy.value !== null}
              aria-busy={command.busy.value === kind ? "true" : undefined}
              onChange={(event) => {
                const wanted = event.currentTarget.value;
                void command.run(kind, () => own.choose(kind, wanted));
              }}
            >
              {choices.map((choice, place) => (
                <option key={choice.id} value={choice.id}>
                  {choice.label || t.devices.numbered(t.devices.kinds[kind], place + 1)}
                </option>
              ))}
            </select>
          </div>
        );
      })}
      {command.refusal.value !== null && <Alert kind="error">{t.devices.notOpened}</Alert>}
    </div>
  );
}

/** Says that a device went away, and what is used now. */
export function LostDevice({ lost }: { lost: Lost }) {
  const text =
    lost.now === "" ? t.devices.lost[lost.kind](lost.was) : t.devices.replaced[lost.kind](lost.was, lost.now);
  return <Alert kind="warning">{text}</Alert>;
}
