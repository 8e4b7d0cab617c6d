using System.Runtime.InteropServices;

namespace ChunkStream.LocalHost;

/// <summary>
/// Makes Ctrl+C, SIGTERM and a closed terminal cancel <see cref="Token"/> instead of ending the process. So whatever
/// was started is stopped in order, even when the signal comes in the middle of the first installation.
/// </summary>
internal sealed class ShutdownSignal : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    public ShutdownSignal() =>
        _registrations =
        [
            .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT }
                .Select(signal => PosixSignalRegistration.Create(signal, OnSignal)),
        ];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();

        _source.Dispose();
    }

    // A second signal changes nothing. Each step of stopping has a time limit of its own, and ending the process here
    // would leave Postgres running.
    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        _source.Cancel();
    }
}
