using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Functions;

/// <summary>What the app leaves out of what the platform and its libraries do by themselves.</summary>
[Collection(RunningFunctionApp.Collection)]
public sealed class StartTests(RunningFunctionApp running)
{
    [Fact]
    public async Task Keys_for_cookies_are_not_read_and_files_of_settings_are_not_watched()
    {
        await running.Client.GetStringAsync("/api/public/queries/series").Within();

        // The keys are files of XML. Watching takes a thread.
        if (!OperatingSystem.IsLinux())
            return;
        Assert.DoesNotContain("System.Private.Xml.Linq.dll", LoadedFiles.Of(running.App.Process.Id));
        var threads = Directory.EnumerateDirectories($"/proc/{running.App.Process.Id}/task")
            .Select(thread => File.ReadAllText(Path.Combine(thread, "comm")).Trim()).ToArray();
        Assert.Contains(".NET TP Worker", threads);
        Assert.DoesNotContain(".NET File Watch", threads);
    }

    [Fact]
    public async Task The_log_has_a_line_for_a_stream_and_none_with_its_SQL_nor_of_its_request()
    {
        var before = running.App.Log.All.Length;
        await running.Client.GetStringAsync("/api/queries/rows").Within();
        var invocation = running.App.Invocations.All.Last(invocation => invocation.Target == "/api/queries/rows");
        await running.App.Log.FirstAsync(
            line => line.EventId == "StreamEnded" && line.InvocationId == invocation.Id).Within();
        await invocation.Ended.Within();

        var lines = running.App.Log.All[before..];
        Assert.DoesNotContain(lines, line => line.Message.Contains("'row ' || n", StringComparison.Ordinal));
        Assert.DoesNotContain(
            lines, line => line.Category.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal));
    }
}
