// Handing a patient to a colleague, or taking one over; both tell at once who has the patient now.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { VisitView } from "../generated/wire";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { ConfirmDialog } from "../parts/dialog";
import { whoOf } from "../protocol/board";
import { t } from "../texts";
import type { Desk } from "./desk";

interface HandOverProps {
  desk: Desk;
  visit: VisitView;
  /** The id of the element that names the patient. */
  describedBy: string;
}

export function HandOver({ desk, visit, describedBy }: HandOverProps) {
  const command = useCommand();
  const giving = useSignal(false);
  const session = desk.session.value;
  const own = session?.practitioner?.id;
  const others = session?.practitioners.filter((one) => one.id !== visit.practitioner_id) ?? [];
  if (!own || others.length === 0) return null;
  if (visit.practitioner_id !== own)
    return (
      <Button
        small
        aria-describedby={describedBy}
        busy={command.busy.value !== null}
        onClick={() => command.run("take_over", () => desk.takeOver(visit, own))}
      >
        {t.handOver.takeOver}
      </Button>
    );
  return (
    <>
      <Button small aria-describedby={describedBy} onClick={() => (giving.value = true)}>
        {t.handOver.give}
      </Button>
      {giving.value && (
        <GiveDialog desk={desk} visit={visit} others={others} onClose={() => (giving.value = false)} />
      )}
    </>
  );
}

interface GiveProps {
  desk: Desk;
  visit: VisitView;
  others: { id: string; name: string }[];
  onClose: () => void;
}

function GiveDialog({ desk, visit, others, onClose }: GiveProps) {
  const id = useId();
  const chosen = useSignal(others[0]?.id ?? "");
  return (
    <ConfirmDialog
      title={t.handOver.title(whoOf(visit))}
      confirm={t.handOver.confirm}
      onConfirm={() => desk.handOver(visit, chosen.value, true)}
      onClose={onClose}
    >
      <fieldset class="form-group">
        <legend class="form-label">{t.handOver.legend}</legend>
        {others.map((one) => (
          <div class="form-group-radio" key={one.id}>
            <input
              type="radio"
              class="form-radio"
              name={id}
              id={`${id}-${one.id}`}
              value={one.id}
              checked={chosen.value === one.id}
              onChange={() => (chosen.value = one.id)}
            />
            <label class="form-label" for={`${id}-${one.id}`}>
              {one.name}
            </label>
          </div>
        ))}
      </fieldset>
    </ConfirmDialog>
  );
}
