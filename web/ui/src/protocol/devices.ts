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
const VIDEO: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: "user" };

/** Asks for both; with one of them missing, for the other alone. */
export async function openDevices(): Promise<Devices> {
  if (!navigator.mediaDevices) return { stream: null, problem: "insecure" };
  const attempts: [MediaStreamConstraints, DeviceProblem | null][] = [
    [{ audio: AUDIO, video: VIDEO }, null],
    [{ audio: AUDIO, video: false }, "no_camera"],
    [{ audio: false, video: VIDEO }, "no_microphone"],
  ];
  let problem: DeviceProblem = "missing";
  for (const [constraints, without] of attempts) {
    try {
      return { stream: await navigator.mediaDevices.getUserMedia(constraints), problem: without };
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      // Whoever refused has answered, and is not asked again in other words.
      if (name === "NotAllowedError" || name === "SecurityError") return { stream: null, problem: "refused" };
      if (name !== "NotFoundError") problem = "busy";
    }
  }
  return { stream: null, problem };
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
