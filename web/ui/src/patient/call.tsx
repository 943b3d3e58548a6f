// The patient's side of a call: ready and waiting for the clinician to start the video, then in it.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { CallScreen, deviceProblemText } from "../call/screen";
import type { CallSide } from "../call/side";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { Brand } from "../parts/header";
import { da } from "../texts/da";
import type { CalledIn, Visitor } from "./visitor";

export function PatientCall({ visitor, card, call }: { visitor: Visitor; card: CalledIn; call: CallSide }) {
  const wasThere = useSignal(false);
  const practitioner = card.visit.practitioner_name ?? da.patient.practitioner;
  const child = visitor.childOf(card);
  const turn = child ? da.patient.yourTurnFor(child.name, practitioner) : da.patient.yourTurn(practitioner);
  const there = call.participants.value?.clinician === true;
  useEffect(() => {
    if (there) wasThere.value = true;
  }, [there, wasThere]);

  if (call.gone.value === "elsewhere")
    return <Gone title={da.call.elsewhere} body={da.call.elsewhereBody} action={da.call.useThisTab} />;
  if (call.gone.value !== null)
    return <Gone title={da.call.revoked} body={da.call.reloadBody} action={da.common.retry} />;

  const problem = visitor.devices.value?.problem;
  let status: string | null = null;
  if (card.visit.state === "accepted") status = turn;
  else if (call.link.value === "lost") status = da.call.linkLost;
  else if (!there && wasThere.value) status = da.call.clinicianLost(practitioner);
  else if (!there) status = turn;

  return (
    <CallScreen
      remote={call.remote.value}
      devices={visitor.devices.value}
      name={practitioner}
      status={status}
      facts={<span>{card.name}</span>}
    >
      {problem && (
        <Alert kind="warning">
          {deviceProblemText(problem)}{" "}
          <Button small onClick={() => visitor.openDevices()}>
            {da.common.retry}
          </Button>
        </Alert>
      )}
    </CallScreen>
  );
}

function Gone({ title, body, action }: { title: string; body: string; action: string }) {
  return (
    <main class="entrance">
      <Brand />
      <div class="panel entrance-panel" role="status">
        <h1 class="h3">{title}</h1>
        <p>{body}</p>
        <Button look="primary" onClick={() => location.reload()}>
          {action}
        </Button>
      </div>
    </main>
  );
}
