// What a Node team would pick: http, pg and pg-query-stream; a JSON value a line.
import http from "node:http";
import { pipeline, Transform } from "node:stream";
import pg from "pg";
import QueryStream from "pg-query-stream";

const batch = 1000;
const pool = new pg.Pool({ connectionString: process.env.PEER_DATABASE });

const server = http.createServer(async (request, response) => {
  const client = await pool.connect();
  const rows = client.query(
    new QueryStream("select * from large_table", [], { batchSize: batch, highWaterMark: batch }));
  const lines = new Transform({
    writableObjectMode: true,
    transform: (row, encoding, done) => done(null, JSON.stringify(row) + "\n"),
  });
  response.setHeader("content-type", "application/x-ndjson");
  pipeline(rows, lines, response, (failure) => client.release(failure));
});

server.listen(Number(process.env.PEER_PORT), "127.0.0.1");
