/** Starts the app on the port that `PORT` names, with the host that `WINDLASS_SERVER` names. */

import { Client } from "@windlass/client";

import { app } from "./app.js";

const client = Client.fromEnv();
const port = Number(process.env.PORT ?? 8080);
const server = await app(client);
server.listen(port, "127.0.0.1", () => console.log(`events of ${client.server} on http://127.0.0.1:${port}`));
