// One's own picture and sound while waiting, so that nobody is surprised by them in the call; and what to do about a missing device.
import { DeviceChoice, LostDevice } from "../call/device-choice";
import { DeviceButtons, deviceProblemText } from "../call/screen";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { MicrophoneLevel } from "../parts/microphone-level";
import { Video } from "../parts/video";
import { t } from "../texts";
import type { Visitor } from "./visitor";

export function Preview({ visitor }: { visitor: Visitor }) {
  const { own } = visitor;
  const devices = own.devices.value;
  const problem = devices?.problem;
  return (
    <section class="panel preview" aria-label={t.devices.title}>
      <h2 class="panel-title">{t.devices.title}</h2>
      {devices === null && <p role="status">{t.devices.asking}</p>}
      {devices?.stream && (
        <div class="preview-picture">
          <Video stream={devices.stream} label={t.call.self} self />
          <div class="call-bar">
            <DeviceButtons own={own} />
          </div>
        </div>
      )}
      {devices !== null && !problem && <p class="muted">{t.devices.ready}</p>}
      {own.lost.value !== null && <LostDevice lost={own.lost.value} />}
      {devices?.stream && <MicrophoneLevel stream={devices.stream} />}
      {devices?.stream && <DeviceChoice own={own} />}
      {problem && (
        <>
          <Alert kind="warning">{deviceProblemText(problem)}</Alert>
          <Button onClick={() => own.open()}>{t.common.retry}</Button>
        </>
      )}
    </section>
  );
}
