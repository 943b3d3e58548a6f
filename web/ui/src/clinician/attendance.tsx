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
  let text = t.desk.disconnected;
  if (visit.connected) text = t.desk.connected;
  else if (since !== null && gone) text = t.desk.awaySince(t.common.time(since));
  else if (since !== null) text = t.desk.lostFor(t.common.duration(awayMs));
  return (
    <>
      <span
        class={`presence ${visit.connected ? "presence-up" : "presence-down"}${gone ? " presence-gone" : ""}`}
      >
        {text}
      </span>
      {visit.devices && <DeviceCheck devices={visit.devices} />}
    </>
  );
}

function DeviceCheck({ devices }: { devices: DeviceReport }) {
  const problems = [
    ...(devices.camera === "ok" ? [] : [t.deviceCheck.camera[devices.camera]]),
    ...(devices.microphone === "ok" ? [] : [t.deviceCheck.microphone[devices.microphone]]),
    ...((devices.round_trip_ms ?? 0) > SLOW_MS ? [t.deviceCheck.slow] : []),
  ];
  if (problems.length === 0) return <span>{t.deviceCheck.ok}</span>;
  return (
    <>
      {problems.map((problem) => (
        <span key={problem} class="device-problem">
          {problem}
        </span>
      ))}
    </>
  );
}
