using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Demo.Tests;

/// <summary>What a new instance does before it answers the request for which it was started.</summary>
[Collection(RunningFunctionApp.Collection)]
public sealed class ColdStartTests(RunningFunctionApp running)
{
    // Without a request the app checks its queries after 10 seconds.
    private static readonly TimeSpan InTime = TimeSpan.FromSeconds(9);

    [Fact]
    public async Task The_database_is_first_called_after_the_first_bytes_of_a_generator()
    {
        using var database = new TcpListener(IPAddress.Loopback, port: 0);
        database.Start();
        var port = ((IPEndPoint)database.LocalEndpoint).Port;
        await using var app = await running.StartAsync(
            ("ConnectionStrings:Postgres", $"Host=127.0.0.1;Port={port};Username=nobody"));
        using var client = RunningFunctionApp.ClientOf(app);

        // These are answered in full, but without a first byte of a stream: what begins at the start has begun by then.
        for (var call = 0; call < 50; call++)
        {
            using var head = new HttpRequestMessage(HttpMethod.Head, "/api/stream");
            using var answer = await client.SendAsync(head).Within();
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        // A machine that is too busy tells nothing.
        var isCalled = database.Pending();
        if (Stopwatch.GetElapsedTime(app.Process.StartedAt) < InTime)
            Assert.False(isCalled, "The app calls the database before its first stream.");

        using var response = await client.GetAsync(
            "/api/stream?chunks=2&intervalMs=60000", HttpCompletionOption.ResponseHeadersRead).Within();
        await using var body = await response.Content.ReadAsStreamAsync();
        await body.ReadUntilAsync("Chunk 0");

        // Now it checks the queries.
        using var _ = await database.AcceptTcpClientAsync().Within();
    }
}
