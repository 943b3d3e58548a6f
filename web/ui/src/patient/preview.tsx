// One's own picture while waiting, so that nobody is surprised by it in the call; and what to do about a missing device.
import { DeviceButtons, deviceProblemText } from "../call/screen";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { Video } from "../parts/video";
import { t } from "../texts";
import type { Visitor } from "./visitor";

export function Preview({ visitor }: { visitor: Visitor }) {
  const devices = visitor.devices.value;
  const problem = devices?.problem;
  return (
    <section class="panel preview" aria-label={t.devices.title}>
      <h2 class="panel-title">{t.devices.title}</h2>
      {devices === null && <p>{t.devices.asking}</p>}
      {devices?.stream && (
        <div class="preview-picture">
          <Video stream={devices.stream} label={t.call.self} self />
          <div class="call-bar">
            <DeviceButtons stream={devices.stream} />
          </div>
        </div>
      )}
      {devices !== null && !problem && <p class="muted">{t.devices.ready}</p>}
      {problem && (
        <>
          <Alert kind="warning">{deviceProblemText(problem)}</Alert>
          <Button onClick={() => visitor.openDevices()}>{t.common.retry}</Button>
        </>
      )}
    </section>
  );
}
