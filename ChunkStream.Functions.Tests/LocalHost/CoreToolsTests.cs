using System.Diagnostics;
using System.Globalization;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost.Functions;

namespace ChunkStream.Functions.Tests.LocalHost;

public sealed class CoreToolsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chunkstream-func-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_func_that_heeds_no_signal_ends_soon_and_its_children_with_it()
    {
        if (OperatingSystem.IsWindows())
            return; // Its scripts can't be programs of another name.

        // Stands in for dotnet, with func and the worker below it, as they are with a call open: none ends by itself.
        var program = Path.Combine(_folder.FullName, "dotnet");
        await File.WriteAllTextAsync(
            program,
            "#!/bin/sh\necho \"$@\" > arguments\ntrap '' INT TERM\n"
            + "sleep 300 &\necho $! > child.new\nmv child.new child\nwait\nsleep 300\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var signal = new CancellationTokenSource();
        var running = new CoreTools(program, _folder.FullName).RunAsync(
            LocalApi.TestApp(), port: 1, connectionString: "", resumeKey: "", signal.Token);
        var childFile = Path.Combine(_folder.FullName, "child");
        await Bounded.Until(() => Task.FromResult(File.Exists(childFile)), "func has started its child");
        using var child = Process.GetProcessById(
            int.Parse(await File.ReadAllTextAsync(childFile), CultureInfo.InvariantCulture));

        Assert.Equal(
            "run -- --port 1\n", await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "arguments")));
        await signal.CancelAsync();

        Assert.Equal(0, await running.Within());
        await child.WaitForExitAsync().Within();
    }
}
