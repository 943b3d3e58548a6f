// The icons in use, drawn inline from DKFDS' files (and some of our own that it lacks). Always beside a text or a label.
import account from "dkfds-icons/account.svg?raw";
import calendar from "dkfds-icons/calendar-month.svg?raw";
import chat from "dkfds-icons/chat.svg?raw";
import close from "dkfds-icons/close.svg?raw";
import desktop from "dkfds-icons/desktop.svg?raw";
import error from "dkfds-icons/error.svg?raw";
import fullscreen from "dkfds-icons/fullscreen.svg?raw";
import fullscreenExit from "dkfds-icons/fullscreen-exit.svg?raw";
import info from "dkfds-icons/info.svg?raw";
import menu from "dkfds-icons/menu.svg?raw";
import notifications from "dkfds-icons/notifications.svg?raw";
import openInNew from "dkfds-icons/open-in-new.svg?raw";
import personAdd from "dkfds-icons/person-add.svg?raw";
import plus from "dkfds-icons/plus.svg?raw";
import send from "dkfds-icons/send.svg?raw";
import settings from "dkfds-icons/settings.svg?raw";
import success from "dkfds-icons/success.svg?raw";
import tune from "dkfds-icons/tune.svg?raw";
import videocam from "dkfds-icons/videocam.svg?raw";
import visibilityOff from "dkfds-icons/visibility-off.svg?raw";
import warning from "dkfds-icons/warning.svg?raw";
import callEnd from "../icons/call-end.svg?raw";
import mic from "../icons/mic.svg?raw";
import micOff from "../icons/mic-off.svg?raw";
import pictureInPicture from "../icons/picture-in-picture.svg?raw";
import record from "../icons/record.svg?raw";
import speaks from "../icons/speaks.svg?raw";
import videocamOff from "../icons/videocam-off.svg?raw";

const ICONS = {
  account,
  calendar,
  callEnd,
  chat,
  close,
  desktop,
  error,
  fullscreen,
  fullscreenExit,
  info,
  menu,
  mic,
  micOff,
  notifications,
  openInNew,
  pictureInPicture,
  personAdd,
  plus,
  record,
  send,
  settings,
  speaks,
  success,
  tune,
  videocam,
  videocamOff,
  visibilityOff,
  warning,
};

export type IconName = keyof typeof ICONS;

export function Icon({ name }: { name: IconName }) {
  // The markup is a file of the build, never data.
  return <span class="glyph" aria-hidden="true" dangerouslySetInnerHTML={{ __html: ICONS[name] }} />;
}
