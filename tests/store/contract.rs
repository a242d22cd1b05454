//! The cases that every store passes, by what they are about. Each gets an empty database.

#[path = "contract/boards.rs"]
mod boards;
#[path = "contract/clients.rs"]
mod clients;
#[path = "contract/commit.rs"]
mod commit;
#[path = "contract/damage.rs"]
mod damage;
#[path = "contract/log.rs"]
mod log;
#[path = "contract/prune.rs"]
mod prune;
#[path = "contract/servers.rs"]
mod servers;
#[path = "contract/snapshots.rs"]
mod snapshots;
#[path = "contract/witness.rs"]
mod witness;

pub(crate) use boards::*;
pub(crate) use clients::*;
pub(crate) use commit::*;
pub(crate) use damage::*;
pub(crate) use log::*;
pub(crate) use prune::*;
pub(crate) use servers::*;
pub(crate) use snapshots::*;
pub(crate) use witness::*;

/// Makes a test of each case, on a rig of this kind.
macro_rules! for_each_case {
    ($rig:ty) => {
        cases! { $rig:
            a_new_board_is_blank_and_has_its_snapshot,
            a_board_is_made_once,
            a_board_that_is_not_there_is_not_found,
            lists_show_the_title_and_mode_of_now,
            lists_come_in_the_order_asked_for,
            a_board_is_touched_by_its_newest_op,
            heads_tells_where_logs_end,
            newest_tells_the_head_and_the_newest_snapshot,
            health_counts_the_boards,
            people_come_back_as_they_went_in,
            people_were_seen_when_they_were_here_last,

            i3_seqs_are_dense_from_one,
            i3_each_board_has_its_own_seqs,
            i2_a_retry_is_answered_with_its_first_seq,
            i2_a_retry_in_the_same_batch_too,
            i6_a_gap_is_answered_with_the_n_that_is_missing,
            ops_are_numbered_from_one,
            i4_the_chain_runs_on_over_commits,
            a_batch_with_an_unknown_board_still_serves_the_others,
            an_empty_batch_is_fine,
            a_clock_far_in_the_future_does_no_harm,
            an_op_that_the_database_refuses_is_an_error_about_data,
            i2_the_unique_key_is_the_last_defence_against_a_duplicate,

            a_client_belongs_to_the_author_of_its_first_op,
            a_client_is_another_one_on_another_board,
            i11_a_viewer_is_refused_from_the_very_op_that_makes_them_one,
            i11_a_pen_counts_from_the_very_op_that_passes_it,
            i11_a_pen_that_another_server_took_back_is_gone,
            a_refused_op_leaves_its_number_free,
            a_refused_first_op_does_not_bind_its_client,
            a_client_is_known_by_its_last_op_in_the_log,

            every_kind_of_op_comes_back_as_it_went_in,
            load_gives_the_whole_of_a_short_log,
            load_gives_the_newest_part_of_a_long_log,
            load_gives_no_more_bytes_than_a_room_may_keep,
            load_gives_ops_from_before_the_snapshot_too,
            i9_a_tail_begins_right_after_and_has_no_holes,
            a_tail_is_cut_by_bytes_but_never_empty,

            i10_replay_and_snapshot_are_the_same_bytes,
            i10_any_place_of_the_log_has_its_snapshot,
            there_is_no_snapshot_of_a_place_that_is_not,
            a_snapshot_is_kept_once,
            the_newest_snapshot_is_noted_with_its_board,
            a_snapshot_of_another_history_is_refused,
            a_snapshot_that_its_replay_does_not_make_is_not_kept,

            a_damaged_op_opens_the_board_before_it_read_only,
            a_damaged_chain_opens_the_board_before_it_read_only,
            a_lost_op_opens_the_board_before_it_read_only,
            a_lost_last_op_opens_the_board_before_it_read_only,
            a_board_that_was_repaired_opens_as_ever,
            a_damaged_snapshot_is_replaced_by_the_one_before,
            a_board_without_any_good_snapshot_is_damaged,
            damage_before_the_snapshot_does_not_hurt_the_board,
            a_tail_over_damage_is_an_error,
            newest_tells_of_damage,

            a_short_or_young_log_is_not_pruned,
            a_pruned_log_begins_at_its_floor,
            i2_a_retry_of_a_pruned_op_is_known_without_a_place,
            the_floor_waits_for_a_second_good_snapshot,
            a_damaged_board_is_not_pruned,
            silent_clients_are_forgotten_with_their_last_op,

            a_server_hears_that_another_is_degraded,
            a_server_that_left_or_fell_silent_counts_no_more,
            servers_share_a_key_that_was_made_once,
            i3_two_servers_take_turns,
            i2_i3_i6_two_servers_at_once,
            heads_sees_what_another_server_committed,
            i1_everything_is_there_after_opening_again,
            a_database_from_the_future_is_left_alone,

            i1_an_acked_op_is_looked_for_again_and_again,
            i1_an_acked_op_that_is_gone_is_missed_once,
            i1_an_acked_op_that_others_close_up_on_is_missed,
            i1_an_acked_op_of_a_log_that_was_rolled_back_is_missed,
            an_acked_op_that_was_pruned_is_not_missed,
            an_acked_op_that_cannot_be_read_now_is_looked_for_later,
        }
    };
}

macro_rules! cases {
    ($rig:ty: $($case:ident,)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                #[allow(unused_mut)]
                let mut rig = soon(<$rig>::new()).await;
                soon(contract::$case(&mut rig)).await;
            }
        )*
    };
}
