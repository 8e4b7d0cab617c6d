namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// Tests that need a program which not every machine has are skipped there, with the reason. Where the variable
/// <c>CHUNKSTREAM_TESTS_REQUIRE_ALL</c> is set, as in CI on Linux, they fail instead.
/// </summary>
internal static class Optional
{
    public static bool IsEverythingRequired
        => Environment.GetEnvironmentVariable("CHUNKSTREAM_TESTS_REQUIRE_ALL") is not null;
}
