namespace ChunkStream.LocalHost;

/// <summary>
/// A failure that the person at the console can put right. Its message says what is wrong and what to do, and is
/// printed without a stack trace.
/// </summary>
internal sealed class StartupFailure(string message, Exception? inner = null) : Exception(message, inner);
