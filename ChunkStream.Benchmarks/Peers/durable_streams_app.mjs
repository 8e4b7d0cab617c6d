// The protocol's reference server with its store in files and LMDB: each append is on the disk before it is answered. As it
// comes it keeps 100 files open, and answers 404 if more streams than that are written to at once.
import { DurableStreamTestServer, FileBackedStreamStore } from "@durable-streams/server";

const server = new DurableStreamTestServer({ host: "127.0.0.1", port: Number(process.env.PEER_PORT) });
server.store = new FileBackedStreamStore({ dataDir: process.env.PEER_FOLDER, maxFileHandles: 4000 });
await server.start();
