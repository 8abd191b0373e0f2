revoke {role} from current_user
