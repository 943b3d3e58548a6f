// What clinics' staff did with the data of oneself and of each child: times and purposes, read when somebody opens the list.
import { useSignal } from "@preact/signals";
import type { LookUpView, ProfileView } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { byCode, t } from "../texts";
import { refusalText } from "../texts/refusal";
import type { Visitor } from "./visitor";

export function LookUps({ visitor, profile }: { visitor: Visitor; profile: ProfileView }) {
  const command = useCommand();
  const found = useSignal<LookUpView[] | null>(null);
  const older = useSignal<string | null>(null);

  const read = (before: string | null) =>
    command.run("read", async () => {
      const page = await visitor.lookUps(profile, before);
      found.value = before === null ? page.look_ups : [...(found.value ?? []), ...page.look_ups];
      older.value = page.older ?? null;
    });
  return (
    <details
      class="panel look-ups"
      onToggle={(event) => {
        if (event.currentTarget.open) void read(null);
      }}
    >
      <summary>{profile.is_self ? t.lookUps.title : t.lookUps.titleFor(profile.name)}</summary>
      <p class="muted">{t.lookUps.lead}</p>
      {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
      {found.value?.length === 0 && <p class="empty">{t.lookUps.none}</p>}
      <ul class="rows no-max-width">
        {found.value?.map((one, place) => (
          <li class="row" key={`${one.at_ms} ${place}`}>
            <div class="row-who">
              <span class="strong">{byCode(t.lookUps.kinds, one.kind) ?? t.lookUps.other}</span>
              <div class="row-details">
                <span>{t.common.instant(one.at_ms)}</span>
                <span>{one.clinic_name}</span>
                <span>
                  {t.audit.purpose}: {t.audit.purposes[one.purpose]}
                </span>
              </div>
            </div>
          </li>
        ))}
      </ul>
      {older.value !== null && (
        <Button small busy={command.busy.value !== null} onClick={() => read(older.value)}>
          {t.lookUps.older}
        </Button>
      )}
    </details>
  );
}
