// The styles of every page, in the order in which they apply.
import "dkfds-css";
import "./fonts.css";
import "./base.css";
import "./frame.css";
import "./desk.css";
import "./messages.css";
import "./dialogs.css";
import "./settings.css";
import "./patient.css";
import "./pages.css";
import "./guest.css";
import "./call.css";
import "./call-panel.css";
import "./system.css";
