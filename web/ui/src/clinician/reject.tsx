// Refusing a patient in the queue: one of the clinic's ready explanations, or one's own words.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { VisitView } from "../generated/wire";
import { ConfirmDialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { whoOf } from "../protocol/board";
import { t } from "../texts";
import type { Desk } from "./desk";

export function RejectDialog({
  desk,
  visit,
  onClose,
}: {
  desk: Desk;
  visit: VisitView;
  onClose: () => void;
}) {
  const id = useId();
  const explanation = useSignal("");
  const ready = desk.board.value?.room.settings.ready_texts ?? [];
  return (
    <ConfirmDialog
      title={t.rejectDialog.title(whoOf(visit))}
      confirm={t.rejectDialog.confirm}
      onConfirm={() => desk.reject(visit, explanation.value.trim())}
      onClose={onClose}
    >
      {ready.length > 0 && (
        <div class="form-group">
          <label class="form-label" for={id}>
            {t.rejectDialog.ready}
          </label>
          <select
            id={id}
            class="form-select"
            value={ready.includes(explanation.value) ? explanation.value : ""}
            onChange={(event) => (explanation.value = event.currentTarget.value)}
          >
            <option value="">{t.rejectDialog.own}</option>
            {ready.map((text) => (
              <option key={text} value={text}>
                {text}
              </option>
            ))}
          </select>
        </div>
      )}
      <Field
        label={t.rejectDialog.explanation}
        hint={t.rejectDialog.hint}
        rows={3}
        maxLength={500}
        value={explanation.value}
        onValue={(value) => (explanation.value = value)}
      />
    </ConfirmDialog>
  );
}
