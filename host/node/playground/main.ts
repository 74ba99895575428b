/** The page. */

import { byHand } from "./by-hand.js";
import { byId } from "./dom.js";
import { tabs } from "./tabs.js";
import { traces } from "./traces.js";

tabs(byId("tabs", HTMLElement));
traces();
byHand();
