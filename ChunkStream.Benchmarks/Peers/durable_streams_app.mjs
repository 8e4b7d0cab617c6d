// The protocol's reference server as it is meant to be run: files and LMDB, each append on the disk before it is answered.
import { DurableStreamTestServer } from "@durable-streams/server";

const server = new DurableStreamTestServer({
  host: "127.0.0.1",
  port: Number(process.env.PEER_PORT),
  dataDir: process.env.PEER_FOLDER,
});
await server.start();
