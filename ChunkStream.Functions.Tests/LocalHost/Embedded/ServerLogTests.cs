using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Functions.Tests.LocalHost.Embedded;

public sealed class ServerLogTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chunkstream-log-");

    [Fact]
    public void A_log_that_grows_keeps_what_came_last_and_never_more_than_two_of_its_size()
    {
        var log = new ServerLog(_folder.FullName);
        // The server does the same: it opens the file once, and appends to it.
        using var writer = new FileStream(
            log.Path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        var line = new byte[1024 * 1024];
        for (var i = 0; i < 20; i++)
        {
            Array.Fill(line, (byte)('a' + i));
            writer.Write(line);
            writer.Flush();
            log.RotateIfLarge();
            // .NET writes where it believes the end to be; the server's descriptor appends.
            writer.Seek(0, SeekOrigin.End);
        }

        Assert.InRange(_folder.GetFiles().Sum(file => file.Length), ServerLog.MostBytes, 2 * ServerLog.MostBytes);
        Assert.Equal('t', File.ReadAllText(log.Path + ".previous")[^1]);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
