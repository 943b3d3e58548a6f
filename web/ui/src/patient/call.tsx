// The patient's side of a call: ready and waiting for the clinician to start the video, then in it.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { PatientRecording } from "../call/recording";
import { CallScreen, deviceProblemText } from "../call/screen";
import type { CallSide } from "../call/side";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { Masthead } from "../parts/header";
import { t } from "../texts";
import type { CalledIn, Visitor } from "./visitor";

export function PatientCall({ visitor, card, call }: { visitor: Visitor; card: CalledIn; call: CallSide }) {
  const wasThere = useSignal(false);
  const practitioner = card.visit.practitioner_name ?? t.patient.practitioner;
  const child = visitor.childOf(card);
  const turn = child ? t.patient.yourTurnFor(child.name, practitioner) : t.patient.yourTurn(practitioner);
  const there = call.participants.value?.clinician === true;
  useEffect(() => {
    if (there) wasThere.value = true;
  }, [there, wasThere]);

  if (call.gone.value === "elsewhere")
    return <Gone title={t.call.elsewhere} body={t.call.elsewhereBody} action={t.call.useThisTab} />;
  if (call.gone.value !== null)
    return <Gone title={t.call.revoked} body={t.call.reloadBody} action={t.common.retry} />;

  const problem = visitor.own.devices.value?.problem;
  let status: string | null = null;
  if (card.visit.state === "accepted") status = turn;
  else if (call.link.value === "lost") status = t.call.linkLost;
  else if (!there && wasThere.value) status = t.call.clinicianLost(practitioner);
  else if (!there) status = turn;

  return (
    <CallScreen side={call} status={status} facts={<span>{card.name}</span>}>
      <PatientRecording shown={call.recording} commands={visitor.recordingOf(card)} />
      {problem && (
        <Alert kind="warning">
          {deviceProblemText(problem)}{" "}
          <Button small onClick={() => visitor.own.open()}>
            {t.common.retry}
          </Button>
        </Alert>
      )}
    </CallScreen>
  );
}

function Gone({ title, body, action }: { title: string; body: string; action: string }) {
  return (
    <main class="entrance">
      <Masthead />
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
