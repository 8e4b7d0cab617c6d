using ChunkStream.Streaming;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ChunkStream.Http;

/// <summary>
/// How a streamed response ends on the wire: whole, or so that every client sees that it is not. Which means does that depends on
/// what marks the end of the body:
/// <list type="bullet">
/// <item>HTTP/1.1: the last chunk. The connection is closed without it; all that was flushed arrives before that.</item>
/// <item>HTTP/2 and 3: a flag. The stream is reset instead.</item>
/// <item>HTTP/1.0: the end of the connection. Only a TCP reset says "broken", also where the process is killed.</item>
/// <item>Azure Functions: the host before the worker speaks HTTP/1.1 with it, whatever the client speaks. It answers a reset with a
/// reset, which HTTP/1.0 clients understand too; what it does for a missing last chunk, they take for the end.</item>
/// </list>
/// </summary>
/// <param name="http">The request.</param>
/// <param name="isBehindHost">Whether the Functions host stands between this process and the client.</param>
/// <param name="time">Measures how long a reader takes.</param>
internal sealed class ResponseEnd(HttpContext http, bool isBehindHost, TimeProvider time)
{
    // Of HTTP/2 and HTTP/3: INTERNAL_ERROR, H3_INTERNAL_ERROR.
    private const int Http2Failed = 0x2;
    private const int Http3Failed = 0x102;

    // A reader that takes its time gets what was sent to it before the cut; but a deadline is 15 s before the platform's.
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(10);

    // The host hears of a failed call and of the reset by different ways; the reset is to come first.
    private static readonly TimeSpan ResetHeard = TimeSpan.FromMilliseconds(250);

    private readonly SendQueue? _connection = http.Features.Get<IConnectionSocketFeature>() is { } feature
        ? new SendQueue(feature.Socket, time)
        : null;

    // A body whose length is announced needs no mark of its own.
    private bool IsEndOfConnection => HttpProtocol.IsHttp10(http.Request.Protocol) && http.Response.ContentLength is null;

    /// <summary>Prepares for the worst, before the first byte: a process that is killed can't tell anybody.</summary>
    public void Begin()
    {
        if (IsEndOfConnection)
            _connection?.ResetWhenClosed(true);
    }

    /// <summary>After a body that is whole.</summary>
    public async Task WholeAsync()
    {
        if (!IsEndOfConnection || _connection is null)
            return;

        // Until the kernel has all of it, the end of this process would be a loss.
        await _connection.UntilSentAsync(http.RequestAborted).ConfigureAwait(false);
        _connection.ResetWhenClosed(false);
    }

    /// <summary>
    /// Ends a body that is not whole, once the reader has what was sent, or has had its time. False if the server has to be told by an
    /// exception.
    /// </summary>
    public async Task<bool> BreakAsync()
    {
        if (isBehindHost || IsEndOfConnection)
        {
            await UntilTakenAsync().ConfigureAwait(false);
            http.Abort();
            if (isBehindHost)
                await Task.Delay(ResetHeard, time, CancellationToken.None).ConfigureAwait(false);
            return !isBehindHost;
        }

        if (http.Features.Get<IHttpResetFeature>() is { } stream)
        {
            await UntilTakenAsync().ConfigureAwait(false);
            stream.Reset(HttpProtocol.IsHttp3(http.Request.Protocol) ? Http3Failed : Http2Failed);
            return true;
        }

        return await CloseAsync().ConfigureAwait(false);
    }

    private Task UntilTakenAsync()
        => _connection?.UntilTakenAsync(DrainLimit, http.RequestAborted) ?? Task.CompletedTask;

    /// <summary>
    /// Has Kestrel send what it still holds, and close the connection, without the last chunk that it would write. An exception does
    /// the same, but is logged as one that nobody expected.
    /// </summary>
    private async Task<bool> CloseAsync()
    {
        // Under TLS the connection's output is not the socket's.
        if (http.Features.Get<IConnectionTransportFeature>() is not { } connection || http.Features.Get<ITlsConnectionFeature>() is not null)
            return false;

        await connection.Transport.Output.CompleteAsync().ConfigureAwait(false);
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = http.RequestAborted.Register(closed.SetResult).ConfigureAwait(false);
        if (!await closed.Task.CompletesWithinAsync(DrainLimit, time, CancellationToken.None).ConfigureAwait(false))
            return false;

        http.Abort();
        return true;
    }
}
