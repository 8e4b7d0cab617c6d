using System.Buffers;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ChunkStream.Http;

/// <summary>
/// Ends a streamed response on the wire, either as complete or so that every client sees that it is not. How a response
/// is broken depends on what marks the end of a body:
/// <list type="bullet">
/// <item>HTTP/1.1: the last chunk. A chunk is announced in its place, and the connection is closed without that, after
/// everything that was flushed has arrived.</item>
/// <item>HTTP/2 and HTTP/3: a flag. The stream is reset instead.</item>
/// <item>HTTP/1.0: the end of the connection. Only a TCP reset shows a failure, also if the process is killed.</item>
/// <item>Azure Functions: the host in front of the worker speaks HTTP/1.1 with the worker, whatever the client speaks.
/// It passes a reset on as a reset, which HTTP/1.0 clients understand, too. A missing last chunk it passes on in a way
/// that they take for the end.</item>
/// </list>
/// </summary>
/// <param name="http">The request.</param>
/// <param name="isBehindHost">Whether the Functions host is between this process and the client.</param>
/// <param name="time">Measures how long a reader takes.</param>
internal sealed class ResponseEnd(HttpContext http, bool isBehindHost, TimeProvider time)
{
    // The error codes INTERNAL_ERROR of HTTP/2 and H3_INTERNAL_ERROR of HTTP/3.
    private const int Http2Failed = 0x2;
    private const int Http3Failed = 0x102;

    // A slow reader is given this long to receive what was sent before the cut. It must be less than the 15 s by which
    // a stream's deadline is before the platform's.
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(10);

    // The host learns of the reset and of the failed invocation over different connections, and the reset must arrive
    // first.
    private static readonly TimeSpan ResetHeard = TimeSpan.FromMilliseconds(250);

    // The size of a chunk of which no byte follows.
    private static readonly byte[] ChunkToCome = "1\r\n"u8.ToArray();

    private readonly SendQueue? _connection = http.Features.Get<IConnectionSocketFeature>() is { } feature
        ? new SendQueue(feature.Socket, time)
        : null;

    // A body with Content-Length needs no other mark of its end.
    private bool IsEndOfConnection
        => HttpProtocol.IsHttp10(http.Request.Protocol) && http.Response.ContentLength is null;

    /// <summary>
    /// Prepares the connection before the first byte, so that it is reset even if the process is killed in mid-stream.
    /// </summary>
    public void Begin()
    {
        if (IsEndOfConnection)
            _connection?.ResetWhenClosed(true);
    }

    /// <summary>Ends a body that is complete.</summary>
    public async Task WholeAsync()
    {
        if (!IsEndOfConnection || _connection is null)
            return;

        // Until the kernel has sent everything, the end of this process must still reset the connection.
        await _connection.UntilSentAsync(http.RequestAborted).ConfigureAwait(false);
        _connection.ResetWhenClosed(false);
    }

    /// <summary>
    /// Breaks a body that is not complete, once the reader has received what was sent, or its time for that is over.
    /// False if an exception must tell the server to do so.
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
    /// Makes Kestrel send what it still holds, and close the connection in the middle of a chunk. An exception would
    /// close it between two chunks, which some clients take for the end of the body (libsoup, and with it WebKitGTK),
    /// and Kestrel would log it as unexpected.
    /// </summary>
    private async Task<bool> CloseAsync()
    {
        // Under TLS the connection's output is not the socket's.
        if (http.Features.Get<IConnectionTransportFeature>() is not { } connection
            || http.Features.Get<ITlsConnectionFeature>() is not null)
            return false;

        if (http.Response.ContentLength is null)
            connection.Transport.Output.Write(ChunkToCome);
        await connection.Transport.Output.CompleteAsync().ConfigureAwait(false);
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = http.RequestAborted.Register(closed.SetResult).ConfigureAwait(false);
        if (!await closed.Task.CompletesWithinAsync(DrainLimit, time, CancellationToken.None).ConfigureAwait(false))
            return false;

        http.Abort();
        return true;
    }
}
