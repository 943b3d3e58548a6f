// The camera and the microphone: opened as far as they can be, with the reason when they cannot. No DOM.
import type { DeviceReport } from "../generated/wire";

/** Why a device is missing from `Devices.stream`. */
export type DeviceProblem = "refused" | "missing" | "busy" | "insecure" | "no_camera" | "no_microphone";

export interface Devices {
  stream: MediaStream | null;
  problem: DeviceProblem | null;
}

const AUDIO: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};
const VIDEO: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30, max: 30 },
};

/** Devices by their ids, where somebody has chosen. */
export interface Preferred {
  microphone?: string;
  camera?: string;
  speaker?: string;
}

/** Asks for both; with one of them missing, for the other alone. A preferred device that is not there is no hindrance. */
export async function openDevices(preferred: Preferred = {}): Promise<Devices> {
  if (!navigator.mediaDevices) return { stream: null, problem: "insecure" };
  // By `exact`: an ideal device loses to another one that is nearer to the picture's ideal size.
  const audio = { ...AUDIO, ...(preferred.microphone && { deviceId: { exact: preferred.microphone } }) };
  const video = {
    ...VIDEO,
    ...(preferred.camera ? { deviceId: { exact: preferred.camera } } : { facingMode: "user" }),
  };
  const attempts: [MediaStreamConstraints, DeviceProblem | null][] = [
    [{ audio, video }, null],
    [{ audio: AUDIO, video: { ...VIDEO, facingMode: "user" } }, null],
    [{ audio: AUDIO, video: false }, "no_camera"],
    [{ audio: false, video: VIDEO }, "no_microphone"],
  ];
  let problem: DeviceProblem = "missing";
  for (const [constraints, without] of attempts) {
    try {
      const stream = await navigator.mediaDevices.getUserMedia(constraints);
      stream.getTracks().forEach(hint);
      return { stream, problem: without };
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      // Whoever refused has answered, and is not asked again in other words.
      if (name === "NotAllowedError" || name === "SecurityError") return { stream: null, problem: "refused" };
      if (name !== "NotFoundError" && name !== "OverconstrainedError") problem = "busy";
    }
  }
  return { stream: null, problem };
}

/** Opens one device: the one of that id, or whichever there is. Rejects as `getUserMedia` does. */
export async function openOne(kind: "microphone" | "camera", id: string | null): Promise<MediaStreamTrack> {
  const wanted = {
    ...(kind === "microphone" ? AUDIO : VIDEO),
    ...(id !== null && { deviceId: { exact: id } }),
  };
  const stream = await navigator.mediaDevices.getUserMedia(
    kind === "microphone" ? { audio: wanted } : { video: wanted },
  );
  const [track] = stream.getTracks();
  if (!track) throw new DOMException("no track", "NotFoundError");
  hint(track);
  return track;
}

/** On a poor line a face may lose its sharpness, but not its movement. */
function hint(track: MediaStreamTrack): void {
  if (track.kind === "video") track.contentHint = "motion";
}

/** What the clinic is told of them. */
export function reportOf({ problem }: Devices): Pick<DeviceReport, "camera" | "microphone"> {
  switch (problem) {
    case null:
      return { camera: "ok", microphone: "ok" };
    case "no_camera":
      return { camera: "missing", microphone: "ok" };
    case "no_microphone":
      return { camera: "ok", microphone: "missing" };
    case "insecure":
      return { camera: "refused", microphone: "refused" };
    default:
      return { camera: problem, microphone: problem };
  }
}

/** Turns the devices off; their lights go out. */
export function closeDevices(devices: Devices | null): void {
  for (const track of devices?.stream?.getTracks() ?? []) track.stop();
}
