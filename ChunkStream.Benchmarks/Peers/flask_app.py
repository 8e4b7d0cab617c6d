# What a Python team would pick: Flask, a named cursor of psycopg2, gunicorn's threads; a JSON value a line.
import json
import os

import psycopg2
from flask import Flask, Response

app = Flask(__name__)


def rows():
    connection = psycopg2.connect(os.environ["PEER_DATABASE"])
    try:
        with connection.cursor(name="streaming_cursor") as cursor:
            cursor.execute("select * from large_table")
            for row in cursor:
                yield json.dumps(row, default=str) + "\n"
    finally:
        connection.close()


@app.route("/db-stream")
def db_stream():
    return Response(rows(), content_type="application/x-ndjson")


@app.route("/stream/<int:chunks>")
def stream(chunks):
    return Response((f"Chunk {number}\n" for number in range(chunks)), content_type="text/plain")
