// One's own picture while waiting, so that nobody is surprised by it in the call; and what to do about a missing device.
import { DeviceButtons, deviceProblemText } from "../call/screen";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { Video } from "../parts/video";
import { da } from "../texts/da";
import type { Visitor } from "./visitor";

export function Preview({ visitor }: { visitor: Visitor }) {
  const devices = visitor.devices.value;
  const problem = devices?.problem;
  return (
    <section class="panel preview" aria-label={da.devices.title}>
      <h2 class="panel-title">{da.devices.title}</h2>
      {devices === null && <p>{da.devices.asking}</p>}
      {devices?.stream && (
        <div class="preview-picture">
          <Video stream={devices.stream} label={da.call.self} self />
          <div class="call-bar">
            <DeviceButtons stream={devices.stream} />
          </div>
        </div>
      )}
      {devices !== null && !problem && <p class="muted">{da.devices.ready}</p>}
      {problem && (
        <>
          <Alert kind="warning">{deviceProblemText(problem)}</Alert>
          <Button onClick={() => visitor.openDevices()}>{da.common.retry}</Button>
        </>
      )}
    </section>
  );
}
