// How a patient's page is doing: connected, away and for how long, and what it said of camera, microphone and line.
import type { DeviceReport, VisitView } from "../generated/wire";
import { useNow } from "../parts/ticking";
import { da } from "../texts/da";

const SLOW_MS = 400;

export function Attendance({ visit, graceMinutes }: { visit: VisitView; graceMinutes: number }) {
  const now = useNow(5_000);
  const since = visit.away_since_ms;
  const awayMs = since === null ? 0 : Math.max(0, now.value - since);
  const gone = !visit.connected && awayMs > graceMinutes * 60_000;
  let text = da.desk.disconnected;
  if (visit.connected) text = da.desk.connected;
  else if (since !== null && gone) text = da.desk.awaySince(da.common.time(since));
  else if (since !== null) text = da.desk.lostFor(da.common.duration(awayMs));
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
    ...(devices.camera === "ok" ? [] : [da.deviceCheck.camera[devices.camera]]),
    ...(devices.microphone === "ok" ? [] : [da.deviceCheck.microphone[devices.microphone]]),
    ...((devices.round_trip_ms ?? 0) > SLOW_MS ? [da.deviceCheck.slow] : []),
  ];
  if (problems.length === 0) return <span>{da.deviceCheck.ok}</span>;
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
