using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;

namespace ChunkStream.Functions.Tests.Support.FunctionsHost;

/// <summary>The talk with the worker: the call that it makes, and what the host says in it.</summary>
internal sealed class WorkerChannel(string folder) : FunctionRpc.FunctionRpcBase
{
    private readonly Channel<StreamingMessage> _toWorker = Channel.CreateUnbounded<StreamingMessage>();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<string, Invocation> _running = new();
    private RpcFunctionMetadata[] _functions = [];
    private volatile Exception? _closed;
    private int _loading;

    public Record<LogLine> Log { get; } = new();

    public Record<Invocation> Invocations { get; } = new();

    /// <summary>Done when the functions have been loaded. Fails if the worker refuses, or ends before.</summary>
    public Task Ready => _ready.Task;

    /// <summary>The functions, as the worker named them.</summary>
    public HostedFunction[] Functions { get; private set; } = [];

    /// <summary>Where the worker takes HTTP requests.</summary>
    public string HttpAddress { get; private set; } = "";

    public override async Task EventStream(
        IAsyncStreamReader<StreamingMessage> requestStream, IServerStreamWriter<StreamingMessage> responseStream,
        ServerCallContext context)
    {
        var sending = SendAllAsync(responseStream, context.CancellationToken);
        try
        {
            await foreach (var message in requestStream.ReadAllAsync(context.CancellationToken))
                Take(message);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // The worker's process has ended. Whoever waits learns it from the process.
        }

        _toWorker.Writer.TryComplete();
        await sending;
    }

    /// <summary>Calls a function.</summary>
    /// <param name="function">Which one.</param>
    /// <param name="target">Path and query of the request, or nothing.</param>
    /// <param name="input">What its trigger gives it.</param>
    /// <param name="forward">Begins to forward the request, which must be on its way first.</param>
    public Invocation Invoke(
        HostedFunction function, string target, TypedData input, Action<Invocation>? forward = null)
    {
        var invocation = new Invocation(Guid.NewGuid().ToString(), function, target, Cancel);
        _running[invocation.Id] = invocation;
        if (_closed is { } because)
            invocation.Fail(because);
        Invocations.Add(invocation);
        forward?.Invoke(invocation);
        Send(new StreamingMessage
        {
            InvocationRequest = new InvocationRequest
            {
                InvocationId = invocation.Id,
                FunctionId = _functions.Single(known => known.Name == function.Name).FunctionId,
                InputData = { new ParameterBinding { Name = function.Parameter, Data = input } },
                TraceContext = new RpcTraceContext(),
            },
        });
        return invocation;
    }

    /// <summary>Asks the worker to end.</summary>
    public void Terminate() => Send(new StreamingMessage { WorkerTerminate = new WorkerTerminate() });

    /// <summary>Tells everybody who waits, now or later, that the worker has ended.</summary>
    public void Close(Exception because)
    {
        _closed = because;
        _ready.TrySetException(because);
        Log.End(because);
        Invocations.End(because);
        foreach (var invocation in _running.Values)
            invocation.Fail(because);
    }

    private void Cancel(string invocationId)
        => Send(new StreamingMessage { InvocationCancel = new InvocationCancel { InvocationId = invocationId } });

    private void Send(StreamingMessage message) => _toWorker.Writer.TryWrite(message);

    private async Task SendAllAsync(IServerStreamWriter<StreamingMessage> worker, CancellationToken cancellation)
    {
        try
        {
            await foreach (var message in _toWorker.Reader.ReadAllAsync(cancellation))
                await worker.WriteAsync(message, cancellation);
        }
        catch (Exception exception) when (exception is OperationCanceledException or InvalidOperationException)
        {
            // As above.
        }
    }

    private void Take(StreamingMessage message)
    {
        switch (message.ContentCase)
        {
            case StreamingMessage.ContentOneofCase.StartStream:
                Send(new StreamingMessage
                {
                    WorkerInitRequest = new WorkerInitRequest
                    {
                        HostVersion = "4.0.0",
                        WorkerDirectory = folder,
                        FunctionAppDirectory = folder,
                    },
                });
                break;
            case StreamingMessage.ContentOneofCase.WorkerInitResponse when Succeeds(message.WorkerInitResponse.Result):
                HttpAddress = message.WorkerInitResponse.Capabilities.GetValueOrDefault("HttpUri", "");
                Send(new StreamingMessage
                {
                    FunctionsMetadataRequest = new FunctionsMetadataRequest { FunctionAppDirectory = folder },
                });
                break;
            case StreamingMessage.ContentOneofCase.FunctionMetadataResponse
                when Succeeds(message.FunctionMetadataResponse.Result):
                Load([.. message.FunctionMetadataResponse.FunctionMetadataResults]);
                break;
            case StreamingMessage.ContentOneofCase.FunctionLoadResponse
                when Succeeds(message.FunctionLoadResponse.Result):
                if (--_loading == 0)
                    _ready.TrySetResult();
                break;
            case StreamingMessage.ContentOneofCase.InvocationResponse:
                if (_running.TryRemove(message.InvocationResponse.InvocationId, out var invocation))
                    invocation.End(message.InvocationResponse.Result);
                break;
            case StreamingMessage.ContentOneofCase.RpcLog:
                Log.Add(LogLine.Create(message.RpcLog));
                break;
        }
    }

    private void Load(RpcFunctionMetadata[] functions)
    {
        _functions = functions;
        Functions = [.. functions.Select(HostedFunction.Create)];
        _loading = functions.Length;
        if (functions.Length == 0)
            _ready.TrySetException(new InvalidOperationException("The worker has no function."));
        foreach (var function in functions)
        {
            Send(new StreamingMessage
            {
                FunctionLoadRequest = new FunctionLoadRequest { FunctionId = function.FunctionId, Metadata = function },
            });
        }
    }

    // A worker that can't begin fails the start, with its reason.
    private bool Succeeds(StatusResult result)
    {
        if (result.Status == StatusResult.Types.Status.Success)
            return true;
        _ready.TrySetException(new InvalidOperationException(
            $"The worker failed: {result.Exception?.Message}\n{result.Exception?.StackTrace}"));
        return false;
    }
}
