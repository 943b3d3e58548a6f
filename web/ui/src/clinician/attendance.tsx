// How a patient's page is doing: connected, away and for how long, and what it said of camera, microphone and line.
import type { DeviceReport, VisitView } from "../generated/wire";
import { useNow } from "../parts/ticking";
import { t } from "../texts";

const SLOW_MS = 400;

export function Attendance({ visit, graceMinutes }: { visit: VisitView; graceMinutes: number }) {
  const now = useNow(5_000);
  const since = visit.away_since_ms;
  const awayMs = since === null ? 0 : Math.max(0, now.value - since);
  const gone = !visit.connected && awayMs > graceMinutes * 60_000;
  const slow = visit.connected && (visit.devices?.round_trip_ms ?? 0) > SLOW_MS;
  let text = t.desk.disconnected;
  if (slow) text = t.desk.slow;
  else if (visit.connected) text = t.desk.connected;
  else if (since !== null && gone) text = t.desk.awaySince(t.common.time(since));
  else if (since !== null) text = t.desk.lostFor(t.common.duration(awayMs));
  const look = slow ? "slow" : visit.connected ? "up" : "down";
  return (
    <>
      <span class={`presence presence-${look}${gone ? " presence-gone" : ""}`}>{text}</span>
      {visit.connected && <DeviceCheck devices={visit.devices} />}
    </>
  );
}

/** Something stands here from the first moment: the line must not grow under the finger of whoever goes for a button below it. */
function DeviceCheck({ devices }: { devices: DeviceReport | null }) {
  if (devices === null) return <span>{t.deviceCheck.untried}</span>;
  const { camera, microphone } = devices;
  if (camera === "ok" && microphone === "ok") return <span>{t.deviceCheck.ok}</span>;
  if (camera !== "ok" && camera === microphone)
    return <span class="device-problem">{t.deviceCheck.both[camera]}</span>;
  return (
    <>
      {camera !== "ok" && <span class="device-problem">{t.deviceCheck.camera[camera]}</span>}
      {microphone !== "ok" && <span class="device-problem">{t.deviceCheck.microphone[microphone]}</span>}
    </>
  );
}
