// The styles of every page, in the order in which they apply.
import "dkfds-css";
import "./fonts.css";
import "./layout.css";
import "./call.css";
