// A picture from a stream, which knows whether it is upright, so that the layout can fill the screen without cutting heads off.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

export interface VideoProps {
  stream: MediaStream | null;
  label: string;
  /** One's own picture: as in a mirror, and silent. */
  self?: boolean;
  /** The id of the device that plays the sound; empty for the browser's own choice. */
  speaker?: string;
  /** The element, for whoever shows it in a window of its own. */
  elementRef?: (element: HTMLVideoElement | null) => void;
  /** The browser refused to play the sound without a click; `play` is to be called by one. */
  onBlocked?: (play: () => void) => void;
}

export function Video({ stream, label, self = false, speaker = "", elementRef, onBlocked }: VideoProps) {
  const element = useRef<HTMLVideoElement>(null);
  const upright = useSignal(false);

  // Only a new stream is to be played anew.
  useEffect(() => {
    const video = element.current;
    if (video === null) return;
    video.srcObject = stream;
    // `muted` as an attribute does nothing for an element made by script.
    video.muted = self;
    if (stream === null) return;
    video.play().catch((error: unknown) => {
      const blocked = error instanceof DOMException && error.name === "NotAllowedError";
      if (blocked) onBlocked?.(() => void video.play().catch(() => {}));
    });
  }, [stream]);

  useEffect(() => {
    const video = element.current;
    // Not every browser lets a page choose. One that refuses plays on where it did.
    if (video && "setSinkId" in video && video.sinkId !== speaker) video.setSinkId(speaker).catch(() => {});
  }, [speaker]);

  useEffect(() => {
    elementRef?.(element.current);
    return () => elementRef?.(null);
  }, []);

  const onResize = () => {
    const video = element.current;
    if (video) upright.value = video.videoHeight > video.videoWidth;
  };

  return (
    // biome-ignore lint/a11y/useMediaCaption: nobody has captions for a live conversation
    <video
      ref={element}
      class={`video${self ? " video-self" : ""}`}
      data-upright={upright.value}
      aria-label={label}
      autoplay
      playsInline
      onResize={onResize}
    />
  );
}
